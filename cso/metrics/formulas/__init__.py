"""Pure functions over plain values: statistics, histograms, process behaviour charts. Nothing here knows Django."""
