"""Python text -> instructions: what code does to names and objects, in order. The only room that knows the syntax."""
