"""The C library, as SWIG sees it. Private: nothing here is for users, and nothing here stays as it is."""
