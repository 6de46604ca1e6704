"""The benchmark's work, done by what users would pick instead of libpdmetrics."""
