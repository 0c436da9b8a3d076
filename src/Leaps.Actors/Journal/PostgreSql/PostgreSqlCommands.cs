using Npgsql;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>Commands with values by position: $1, $2, … Those of a batch cost one round trip.</summary>
internal static class PostgreSqlCommands
{
    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (object value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }

    public static NpgsqlBatch Batch(
        this NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        var batch = connection.CreateBatch();
        batch.Add(sql, values);
        return batch;
    }

    public static void Execute(
        this NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        using var batch = connection.Batch(sql, values);
        batch.ExecuteNonQuery();
    }

    /// <summary>The first value of the first row; null when there is none.</summary>
    public static object? Scalar(
        this NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        using var batch = connection.Batch(sql, values);
        return batch.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>The first column of all rows.</summary>
    public static List<T> Column<T>(
        this NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        using var batch = connection.Batch(sql, values);
        using var reader = batch.ExecuteReader();
        var column = new List<T>();
        while (reader.Read())
            column.Add(reader.GetFieldValue<T>(0));
        return column;
    }
}
