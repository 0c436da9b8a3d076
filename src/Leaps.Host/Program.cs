Console.Error.WriteLine("leaps: commands are being added");
return 2;
