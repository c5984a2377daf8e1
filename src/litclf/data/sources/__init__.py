"""Where data comes from: files, folders, generators, and how they are split."""
