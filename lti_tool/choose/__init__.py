"""Deep linking: a teacher picks modules, units or a whole programme, and the LMS makes activities of them."""
