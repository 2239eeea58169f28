using PersonaTune.Device.Scheduling;

namespace PersonaTune.Device.Tests.Scheduling;

/// <summary>File names and contents follow Documentation/ABI/testing/sysfs-class-power and sysfs-class-thermal of the Linux kernel.</summary>
public sealed class LinuxDeviceConditionsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("personatune-sys-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Nothing_to_read_means_nothing_known()
    {
        Assert.Equal(new DeviceState(), Read());
    }

    [Theory]
    [InlineData("Discharging", "0", PowerSource.Battery)]
    [InlineData("Charging", "1", PowerSource.External)]
    [InlineData("Not charging", "1", PowerSource.External)]
    [InlineData("Discharging", "1", PowerSource.External)] // a weak charger: plugged in all the same
    [InlineData("Full", "0", PowerSource.External)]
    public void A_laptops_power_is_read(string status, string online, PowerSource expected)
    {
        Supply("BAT0", ("type", "Battery"), ("status", status), ("capacity", "57"));
        Supply("AC", ("type", "Mains"), ("online", online));
        Supply("hidpp_battery_0", ("type", "Battery"), ("scope", "Device"), ("status", "Discharging"), ("capacity", "3"));
        var state = Read();
        Assert.Equal(expected, state.Power);
        Assert.Equal(0.57, state.BatteryFraction);
    }

    [Theory]
    [InlineData("50000", ThermalLevel.Nominal)]
    [InlineData("85000", ThermalLevel.Warm)]
    [InlineData("95000", ThermalLevel.Hot)]
    [InlineData("103000", ThermalLevel.Critical)]
    [InlineData("900000", ThermalLevel.Nominal)] // a broken sensor
    [InlineData("hot", ThermalLevel.Nominal)]
    public void Heat_is_judged_by_the_zones_own_limits(string temperature, ThermalLevel expected)
    {
        Write("class/thermal/thermal_zone0/temp", temperature);
        Write("class/thermal/thermal_zone0/trip_point_0_type", "critical");
        Write("class/thermal/thermal_zone0/trip_point_0_temp", "105000");
        Write("class/thermal/thermal_zone0/trip_point_1_type", "passive");
        Write("class/thermal/thermal_zone0/trip_point_1_temp", "95000");
        Write("class/thermal/thermal_zone1/temp", "20000");
        Assert.Equal(expected, Read().Thermal);
    }

    [Fact]
    public void Memory_is_the_smaller_of_the_machines_and_the_containers()
    {
        Write("meminfo", "MemTotal:       16000000 kB\nMemAvailable:    2000 kB\n");
        Assert.Equal(2000 * 1024, Read().AvailableMemoryBytes);
        Write("fs/cgroup/memory.max", "max");
        Write("fs/cgroup/memory.current", "500");
        Assert.Equal(2000 * 1024, Read().AvailableMemoryBytes);
        Write("fs/cgroup/memory.max", "1500");
        Assert.Equal(1000, Read().AvailableMemoryBytes);
        Write("meminfo", "MemAvailable: 99999999999999999999 kB\n");
        Assert.Equal(1000, Read().AvailableMemoryBytes);
    }

    [Fact]
    public void What_the_kernel_does_not_know_the_application_tells()
    {
        var state = new LinuxDeviceConditions(() => false, () => true, _root, _root).Read();
        Assert.False(state.Idle);
        Assert.True(state.Metered);
    }

    [Fact]
    public void This_machine_can_be_read()
    {
        var state = UnknownDeviceConditions.ForThisPlatform().Read();
        if (OperatingSystem.IsLinux()) Assert.True(state.AvailableMemoryBytes > 0);
    }

    private DeviceState Read() => new LinuxDeviceConditions(sysRoot: _root, procRoot: _root).Read();

    private void Supply(string name, params (string File, string Text)[] files)
    {
        foreach (var (file, text) in files) Write($"class/power_supply/{name}/{file}", text);
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text + "\n");
    }
}
