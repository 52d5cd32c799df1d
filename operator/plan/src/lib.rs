//! Pure: from resources to diagnostics and plans.
