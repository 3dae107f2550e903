"""`televote demo`: a whole campaign in under a minute, played from outside through the real doors."""
