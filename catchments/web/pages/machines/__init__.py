"""What machines ask of a website before anything else, and what pages say to them."""
