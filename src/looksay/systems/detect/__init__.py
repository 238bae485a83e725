"""Systems that find things."""
