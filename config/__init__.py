"""What campaign is this, and how is the service set up? Files in, frozen and validated values out."""
