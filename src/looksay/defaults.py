"""What looks where no system is named: one name for each task, from here to every surface."""

HOUSE = "small-m"  # what is in the picture
DETECTOR = "faster-r-cnn"  # and what finds things
LOCATOR = "localizer"  # and the one that the picture is of
SEGMENTER = "fcn-fine"  # and says of every pixel what it is
OUTLINER = "mask-r-cnn-fine"  # and finds things to the pixel
CAPTIONER = "show-attend-tell"  # and says what is going on
FINDER = "deep-image-sent"  # and finds pictures by sentences
TRANSLATOR = "bahdanau"  # and says a sentence in Spanish
WRITER = "lstm"  # and goes on with a text
