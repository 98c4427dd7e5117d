"""Search methods, one file each, behind one ask-and-tell interface."""
