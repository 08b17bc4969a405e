"""What tasks take for granted: how they say so, whether it was so when they ran, and what is known from then on."""
