"""Tasks on other machines: what they are sent, how they run there, what comes back."""
