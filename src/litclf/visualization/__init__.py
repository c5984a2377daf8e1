"""What a person looks at: plots from arrays, a page from a run folder."""
