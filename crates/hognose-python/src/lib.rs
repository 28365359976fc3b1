//! Python source, read without running it.
