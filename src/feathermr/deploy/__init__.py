"""From a scan's file to its images, one or many; export and serving. Import the modules."""
