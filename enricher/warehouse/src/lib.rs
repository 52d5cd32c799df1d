//! One connector and one SQL dialect per warehouse, behind one trait.
