//! The four resource types, their schema, validation rules and conditions.
