"""Linear models and the engines that solve them."""
