"""Port AnchorSink: those who hold the head of the log where the runner cannot change it.

Input: the head of a log. Output: a receipt, once it is checked; or an AnchorError.
"""
