"""What an author writes, whatever object it ends in."""
