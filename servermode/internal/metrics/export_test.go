package metrics

// Bounds of what metrics keep.
const (
	MaxSeries       = maxSeries
	MaxTenantSeries = maxTenantSeries
)
