"""The simulator: anatomy, motion, coils, phase and noise."""
