"""Figures, periods, money and decisions as sentences. No number here is computed; it is only said."""
