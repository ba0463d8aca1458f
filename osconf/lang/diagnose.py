"""placeholder"""


def locate_error(error):
    pass
