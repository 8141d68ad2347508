"""What is known of KServe: its charts, presets and runtimes, its defaults, and what its controllers make."""
