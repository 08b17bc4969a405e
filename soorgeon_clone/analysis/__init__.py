"""What a section binds, uses and changes; which definition reaches which use."""
