"""What is known of libraries: tables, and the code that reads them."""
