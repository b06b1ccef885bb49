"""Wiring of the reference board: pin numbers and what a volt on each of them means.

Everything that depends on the parts chosen stands here. Buttons and switches close to ground
(active low, pull-ups on); the air sensor and the cover are so wired that a broken wire reads as
"air" and as "open".
"""

# Signal -> GPIO number of the Pico.
PINS = {
    "step": 2,
    "dir": 3,
    "enable": 4,
    "sda": 8,
    "scl": 9,
    "limit_full": 11,
    "limit_empty": 12,
    "air": 10,
    "patient_button": 14,
    "stop_button": 15,
    "service_jumper": 16,
    "cover": 17,
    "lamp_red": 18,
    "lamp_yellow": 19,
    "lamp_cyan": 20,
    "sounder": 21,
    "supply_present": 22,
    "outlet_pressure": 26,
    "inlet_pressure": 27,
    "sounder_current": 28,
    "battery": 29,
}
TEMPERATURE_CHANNEL = 4

# Drive: TMC2209, enable is active low; this level on `dir` empties the reservoir.
DRIVER_ON = 0
FORWARD = 1

I2C_ID = 0
I2C_HZ = 400000
ENCODER_ADDRESS = 0x36  # AS5600
CLOCK_ADDRESS = 0x68  # DS3231

# Analogue inputs: a reading of 65535 is 3.3 V.
ADC_FULL_SCALE = 65535
ADC_FULL_SCALE_UV = 3300000
BATTERY_DIVIDER = 3
# Pressure sensors: 1 V at ambient pressure, 10 mV a kPa, so 100 Pa a mV.
PRESSURE_ZERO_UV = 1000000
PRESSURE_UV_PER_PA = 10
# Core temperature (RP2040 datasheet, 4.9.5): 706 mV at 27 C, -1.721 mV a degree.
TEMPERATURE_ZERO_UV = 706000
TEMPERATURE_ZERO_MC = 27000
TEMPERATURE_NV_PER_MC = 1721
# The piezo's sense resistor drops about 500 mV while it sounds.
SOUNDER_SOUNDS_UV = 200000
