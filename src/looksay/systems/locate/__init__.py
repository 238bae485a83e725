"""Systems that say what a picture is of and where that is."""
