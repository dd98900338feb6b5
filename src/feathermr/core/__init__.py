"""What every part relies on: errors, axes, the Fourier transform, seeding, tables."""
