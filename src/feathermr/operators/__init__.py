"""Linear operators of the physics and of the regularisers."""
