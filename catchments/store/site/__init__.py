"""What the site keeps beside editions: texts that staff keep up, reports of mistakes."""
