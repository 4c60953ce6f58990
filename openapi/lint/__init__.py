"""What API Gateway would refuse, ignore or misread in a document, found before it is sent."""
