package android.os;

/** Stub: what API 29 adds, beside which API 23 has nothing that the app uses. */
public final class PowerManager {
    public static final int THERMAL_STATUS_NONE = 0;
    public static final int THERMAL_STATUS_MODERATE = 2;
    public static final int THERMAL_STATUS_SEVERE = 3;

    public int getCurrentThermalStatus() { throw new UnsupportedOperationException("stub"); }
}
