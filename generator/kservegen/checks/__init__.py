"""What is wrong with objects, each finding at the line that a human edits."""
