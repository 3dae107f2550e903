"""What the way from the close to the certificate has of dates and papers: notice, objections, timetable."""
