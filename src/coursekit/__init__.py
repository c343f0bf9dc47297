"""What the notebooks of *Retrieve or Retrain* import. Each module does one thing; the lessons build most of them by hand first."""

__version__ = "0.1.0"
