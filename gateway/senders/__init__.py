"""One file for each way to send an SMS."""
