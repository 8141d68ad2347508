"""What is rendered and what lies on disk go in; the difference is written, all or nothing."""
