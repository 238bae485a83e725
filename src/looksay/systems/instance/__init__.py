"""Systems that find things and say which pixels each covers."""
