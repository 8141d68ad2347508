"""From resolved words to objects, from objects to files, and from files to a folder or a commit."""
