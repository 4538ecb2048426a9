"""Those who look after the whole: training, indicators, protocol."""
