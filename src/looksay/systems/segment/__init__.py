"""What every pixel belongs to."""
