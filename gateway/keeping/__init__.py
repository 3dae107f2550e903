"""What is done to all that is kept: backups, another database, a new epoch, erasing what callers sent."""
