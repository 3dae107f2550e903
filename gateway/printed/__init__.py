"""What commands print for people: tables in Chinese and English, plain when nobody looks."""
