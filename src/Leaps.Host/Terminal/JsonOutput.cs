using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Leaps.Host.Configuration;

namespace Leaps.Host.Terminal;

/// <summary>
/// Results as JSON: camelCase names, numbers as they are read back, NaN and infinities as null,
/// values of enumerations named as in the configuration.
/// </summary>
public static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
            { new FiniteDouble(), new FiniteSingle(), new JsonStringEnumConverter(new ChoiceNaming()) },
    };

    /// <summary>One JSON object.</summary>
    public static string Write(object value) => JsonSerializer.Serialize(value, value.GetType(), Options);

    /// <summary>
    /// An object that <see cref="Write"/> wrote; null becomes NaN where a number is required.
    /// </summary>
    /// <exception cref="JsonException">The text is not such an object.</exception>
    public static T Read<T>(string json) where T : class =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("The text is null.");

    private sealed class ChoiceNaming : JsonNamingPolicy
    {
        public override string ConvertName(string name) => Choice.Kebab(name);
    }

    private sealed class FiniteDouble : JsonConverter<double>
    {
        public override double Read(
            ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }

    private sealed class FiniteSingle : JsonConverter<float>
    {
        public override float Read(
            ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? float.NaN : reader.GetSingle();

        public override void Write(Utf8JsonWriter writer, float value, JsonSerializerOptions options)
        {
            if (float.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}
