"""From the closed vote to the certified result: gates, notice, objections, certification, timetable."""
