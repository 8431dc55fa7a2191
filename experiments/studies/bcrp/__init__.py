"""Two group programmes against standard care for younger women with breast cancer, a real trial of 252 patients."""
